"""`python -m pytest_modeleval.perf.server`: serve until it is stopped."""

import argparse
import dataclasses
import gc
import json
import socket
import ssl
import sys

from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.serve import Server


def main() -> None:
    """Serve with the behaviour of the flags; the first line printed is the address."""
    parser = argparse.ArgumentParser(description=Behaviour.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", metavar="PEM", help="certificate and key")
    parser.add_argument("--attended", action="store_true", help="end with the standard input")
    for field in dataclasses.fields(Behaviour):
        name = f"--{field.name.replace('_', '-')}"
        if isinstance(field.default, bool):
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            parser.add_argument(name, type=type(field.default), default=field.default)
    options = vars(parser.parse_args())
    listener = socket.create_server((options.pop("host"), options.pop("port")), backlog=4096)
    attended, tls = options.pop("attended"), None
    if certificate := options.pop("tls"):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    server = Server(listener, Behaviour(**options), tls)
    print(json.dumps(listener.getsockname()[:2]), flush=True)
    if attended:
        server.loop.watch(sys.stdin, lambda _: sys.exit())
    gc.collect()
    gc.freeze()
    gc.disable()
    while True:
        server.loop.turn()


if __name__ == "__main__":
    main()
