"""TLS over memory, so that the socket stays ours with its times of arrival."""

import ssl


class Tls:
    """One connection's encryption."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_hostname=host)

    def shake_hands(self) -> bool:
        """Whether the handshake is done; what there is `to_send` either way takes it further."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def to_send(self) -> bytes:
        """What the peer is to get."""
        return self._out.read()

    def received(self, data: bytes) -> None:
        """Take what the peer sent."""
        self._in.write(data)

    def encrypted(self, message: bytes) -> bytes:
        """A message as it is sent."""
        self._object.write(message)
        return self._out.read()

    def decrypted(self) -> bytes:
        """All that can be read by now."""
        parts = []
        try:
            while part := self._object.read(1 << 16):
                parts.append(part)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        return b"".join(parts)
