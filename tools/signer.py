"""Sign the log's checkpoints, once a minute while it grows. Run it as a user of its own; see app/signer.py.

DATABASE_URL=… CHECKPOINT_DIR=… BASE_URL=… python tools/signer.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.signer import main

main()
