"""Faults: real processes are killed, stopped and lied to while phones send, and the whole history is checked afterwards.

Passing means the same everywhere: no scan with a receipt is lost, none is applied twice, nothing is there that nobody
sent, every packet ends with its last taker, and no invariant is broken (`history.faults_found`). Each run has a bug
planted for it (`planted.py`) and must first be seen to catch it. Short in `make test`, long by `make faults`.

| fault | shown by | the planted bug it catches |
|---|---|---|
| kill -9 of the web workers, both databases | test_kills | an answer before the commit |
| kill -9 of the database | test_kills | synchronous_commit=off |

Not shown here, for a container cannot: a power cut (what the operating system has and the disk has not survives kill -9,
so fsync=off would pass), a reboot of the machine, a file system that flips bits, a real mobile network.
"""
