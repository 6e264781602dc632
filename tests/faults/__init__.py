"""Faults: real processes are killed, stopped and lied to while phones send, and the whole history is checked afterwards.

Passing means the same everywhere: no scan with a receipt is lost, none is applied twice, nothing is there that nobody
sent, every packet ends with its last taker, and no law of custody is broken (`history.faults_found`). Each run has a bug
planted for it (`planted.py`) and must first be seen to catch it. Short in `make test`, long by `make faults`.

| fault | shown by | planted, and caught |
|---|---|---|
| kill -9 of the web workers, all or one of two, on both databases | test_kills | an answer before the commit |
| kill -9 of the database | test_kills | synchronous_commit=off |
| the data disk full (a small tmpfs), on both databases when long | test_disk | an error taken for a success |
| a row held (on SQLite the one writer) for as long as a minute, on both databases; PostgreSQL frozen for half a minute | test_waits | a patience without end |
| eight processes write SQLite, one reads for long; size of its log of changes | test_writers | a deferred BEGIN |
| requests doubled and shuffled, a fifth of the answers dropped | test_network | judging by the present holder |
| the server's clock an hour, a day and fifty years off, the couriers' phones a day behind | test_network | judging by device time, by the server's own |
| many claims of one packet at one moment | tests/test_race.py | look, then write; a line's number from a row nobody locked |
| batches that name the same packets in other orders | tests/test_race.py | locks in no common order |
| history in every order | tests/domain/test_fables.py | by the present holder, by device time, a dispute by its arrival, what names nothing at the head only |
| what really happened, told in every order | tests/domain/test_fables.py | an act told again taken for another |
| everything told twice | tests/domain/test_twice.py | |
| a superuser edits, deletes and cuts | tests/test_tamper.py | a verifier blind in one eye, or that believes the packet's own row |
| a silent roll-back | tests/api/test_checkpoints.py, tests/e2e/test_witness.py | a phone that pins nothing |
| a line committed late, a number of the database as log order | tests/domain/test_checkpoints.py | the pass that looks at the newest ids only |
| a message that takes its time | tests/test_worker.py | sent inside the transaction |
| bytes without end | tests/api/test_rubbish.py | no bound |
| one scan that trips the batch | tests/api/test_scans.py, tests/api/test_storm.py | |
| fifty phones with five hundred scans each after eight hours without a network, while a counter looks things up and a desk writes | test_storm | a server that judges ten of a post and answers all |
| the browser killed at every step of writing a scan | tests/e2e/test_kills.py | a beep before the write |
| a line of 64 kbit/s that loses a tenth, one that is dead and looks alive, one that loses the answers | tests/e2e/test_poor_line.py | a client that gives up what was not answered |
| the browser's database and the network under the phone | tests/e2e/test_courier.py, tests/e2e/test_receipts.py | |
| a phone's app a version ahead of the server and one behind; a browser whose room is used up | tests/e2e/test_shell.py | |
| the database lost, restored into an empty one (on PostgreSQL into a cluster that never saw it) from a backup made while phones sent; phones send again what they hold | test_restore | a restore without its newest lines, one without a table; phones that send nothing again |
| `flask db upgrade` killed before every statement and commit while phones send, and begun again; on both databases from ten versions back when long | test_upgrades | a migration that commits every statement |
| five hundred clients that send a byte a second; sixty-four file handles, all in use; when long no memory for another thread, and both databases | test_shortage | a server that waits for slow clients where it works |
| the gateway for messages refuses, hangs, is slow, says 500 or rubbish, shows a wrong certificate while phones send; on SQLite | test_partners | an error taken for a success |
| two phones of one courier; a phone taken out of service in the middle of its queue | tests/e2e/test_rough_days.py | |

Not shown here, for a container cannot: a power cut (what the operating system has and the disk has not survives kill -9,
so fsync=off would pass), a reboot of the machine, a file system that flips bits, a real mobile network.
Not promised, so not shown: that an old program works on newer tables, or a new one on older. Both only lose nothing.
Not shown here, for nobody has built it yet: partners' portals, for none is connected; a gateway that takes a message and hides it.
"""
