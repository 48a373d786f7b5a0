"""Root's socket as the command line speaks to it (src/base/frames.h), for measuring: the first
answer of a daemon that has just been started, without the time that a program of ours takes."""
import json
import socket
import struct
import time

HELLO, REQUEST, RESPONSE = 1, 2, 3


def _text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data


def _frame(kind, data):
    return struct.pack("<IBB", len(data), kind, 0) + data


def _hello():
    return _frame(HELLO, struct.pack("<I", 1) + _text("cli") + _text("bench"))


def _get(path):
    segments = b"".join(_text(segment) for segment in path)
    fields = [struct.pack("<Q", 1), _text("0000000000000001"), _text(""), struct.pack("<H", 0),
              _text("GET"), _text("json"), struct.pack("<I", len(path)), segments,
              _text(json.dumps({})), _text(""), _text(""), _text(""), _text(""), _text(""),
              _text(""), struct.pack("<q", 0), struct.pack("<BB", 0, 0)]
    return _frame(REQUEST, b"".join(fields))


def _read(stream, count):
    data = stream.read(count)
    if len(data) < count:
        raise ConnectionError("the daemon closed its socket")
    return data


def wait_for_answer(find_socket, deadline):
    """Asks for /version as soon as somebody listens; returns when the answer is there."""
    while time.monotonic() < deadline:
        client = socket.socket(socket.AF_UNIX)
        path = find_socket()
        if path is None or client.connect_ex(path) != 0:
            client.close()
            time.sleep(0.0005)
            continue
        try:
            client.settimeout(max(0.1, deadline - time.monotonic()))
            client.sendall(_hello() + _get(["version"]))
            stream = client.makefile("rb")
            while True:
                size, kind, _ = struct.unpack("<IBB", _read(stream, 6))
                _read(stream, size)
                if kind == RESPONSE:
                    return
        except OSError:
            continue
        finally:
            client.close()
    raise RuntimeError("the daemon does not answer on root's socket")
