"""A child process: a picture of anybody's on its input, our own JPEG of it on its output, exit 1 when there is none.

It has little memory and little time, so that a picture made to harm harms nobody but this process. What stood beside the
pixels (where, when, with which phone) is left behind. It imports nothing of ours: `photos.redrawn` starts it.
"""

import io
import resource
import sys

from PIL import Image, ImageOps

MEMORY, SECONDS = 768 * 1024 * 1024, 5
DOTS, SIDE, QUALITY = 25_000_000, 2000, 82


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    picture = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=["JPEG", "PNG", "WEBP"])
    if picture.width * picture.height > DOTS:
        raise ValueError("too many dots")
    drawn = ImageOps.exif_transpose(picture).convert("RGB")
    drawn.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    Image.frombytes("RGB", drawn.size, drawn.tobytes()).save(out, "JPEG", quality=QUALITY)
    sys.stdout.buffer.write(out.getvalue())


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # whatever it is, there is no picture: the type says enough
        sys.exit(type(error).__name__)
