"""Runs a module as a program that ends when its standard input does: `attended MODULE ARGUMENT…`."""

import os
import runpy
import sys
import threading


def _end_with_input() -> None:
    while os.read(0, 1 << 16):
        pass
    # Whoever started it is gone: nobody wants what it may still be doing.
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
