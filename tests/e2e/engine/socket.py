"""A WebSocket server of the standard library (RFC 6455), for text messages between a test and its pages on this machine."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Connection:
    """One page's connection; ``send`` may be called by any thread."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer, self._lock = peer, threading.Lock()

    def send(self, text: str) -> None:
        """Send a text.

        Raises:
            OSError: the page is gone.
        """
        self._frame(TEXT, text.encode())

    def _frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            header = struct.pack("!BB", 0x80 | opcode, size)
        elif size < 65_536:
            header = struct.pack("!BBH", 0x80 | opcode, 126, size)
        else:
            header = struct.pack("!BBQ", 0x80 | opcode, 127, size)
        with self._lock:
            self._peer.sendall(header + payload)

    def read(self, on_text: Callable[[str], None]) -> None:
        """Hand over each text that comes, until the page is gone."""
        stream = self._peer.makefile("rb")
        whole = b""
        while len(head := stream.read(2)) == 2:
            is_last, opcode, size = head[0] & 0x80, head[0] & 0x0F, head[1] & 0x7F
            if size >= 126:
                size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
            mask = stream.read(4)
            payload = stream.read(size)
            if len(payload) < size or opcode == CLOSE:
                return
            repeated = mask * (size // 4 + 1)
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:size], "big")).to_bytes(size, "big")
            if opcode == PING:
                self._frame(PONG, payload)
            elif opcode != PONG:
                whole += payload
                if is_last:
                    on_text(whole.decode())
                    whole = b""

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError):  # the page may have been faster
            self._peer.shutdown(socket.SHUT_RDWR)
        self._peer.close()


class SocketServer:
    """Listens at ``port`` of this machine; ``serve(connection)`` runs in a thread for each page."""

    def __init__(self, serve: Callable[[Connection], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[Connection] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._greet, args=(peer,), daemon=True).start()

    def _greet(self, peer: socket.socket) -> None:
        connection = Connection(peer)
        self._open.add(connection)
        try:
            request = b""
            while b"\r\n\r\n" not in request:
                part = peer.recv(4_096)
                if not part:
                    return
                request += part
            lines = (line.partition(": ") for line in request.decode("latin-1").split("\r\n"))
            key = {name.lower(): value for name, _, value in lines}["sec-websocket-key"]
            accept = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
            peer.sendall(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
            )
            self._serve(connection)
        except OSError:
            pass  # the browser was killed
        finally:
            self._open.discard(connection)
            connection.close()

    def close(self) -> None:
        """End all connections, and listen no more."""
        self._listener.close()
        for connection in list(self._open):
            connection.close()
