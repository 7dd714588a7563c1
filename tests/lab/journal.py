"""A stand-in for journald at its socket: writes each entry as a line of JSON to the file that is named.

usage: journal.py SOCKET FILE
"""
import json
import socket
import sys


def fields(entry):
    out = {}
    while entry:
        line, _, entry = entry.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(entry[:8], "little")
            value, entry = entry[8:8 + size], entry[8 + size + 1:]
        out[name.decode()] = value.decode(errors="replace")
    return out


if __name__ == "__main__":
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(sys.argv[1])
    with open(sys.argv[2], "w") as out:
        while True:
            print(json.dumps(fields(listener.recv(1 << 20))), file=out, flush=True)
