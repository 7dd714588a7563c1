"""Plain TCP between hosts, to see what a network passes and what it answers.

usage: probe.py dial IP PORT [FROM-PORT]     open IP PORT: as whom the other end saw us; refused; silent
       probe.py serve PORT                   tells everybody as whom it sees them, and echoes
       probe.py open IP PORT FROM-PORT TRIES simultaneous opening; "open", or the last error
       probe.py hold IP PORT FILE            a connection that is idle until the file is there; "works" or what it got
"""
import os
import random
import select
import socket
import sys
import threading
import time

PATIENCE, JITTER = 1.5, 0.08  # s


def bound(port):
    s = socket.socket()
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        s.setsockopt(socket.SOL_SOCKET, option, 1)
    s.bind(("", port))
    return s


def dial(ip, port, own=0):
    s = bound(int(own))
    s.settimeout(PATIENCE)
    try:
        s.connect((ip, int(port)))
        print("open", s.recv(64).decode().strip())
    except ConnectionRefusedError:
        print("refused")
    except OSError as e:
        print("silent" if isinstance(e, TimeoutError) else e)


def serve(port):
    listener = bound(int(port))
    listener.listen(16)

    def talk(s, who):
        s.sendall(("%s:%d\n" % who).encode())
        while True:
            got = s.recv(64)
            if not got:
                return
            s.sendall(got)
    while True:
        threading.Thread(target=talk, args=listener.accept(), daemon=True).start()


def opened(ip, port, own):
    s = bound(own)
    s.setblocking(False)
    s.connect_ex((ip, port))
    if not select.select([], [s], [], PATIENCE)[1]:
        return "silent"
    error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        return os.strerror(error)
    s.setblocking(True)
    s.settimeout(PATIENCE)
    s.sendall(b"hello")
    return "open" if s.recv(5) == b"hello" else "closed"


def opening(ip, port, own, tries):
    said = None
    for _ in range(int(tries)):
        try:
            said = opened(ip, int(port), int(own))
        except OSError as e:
            said = str(e)
        if said == "open":
            break
        time.sleep(random.uniform(0, JITTER))
    print(said)


def hold(ip, port, path):
    s = bound(0)
    s.connect((ip, int(port)))
    s.recv(64)
    print("held", flush=True)
    while not os.path.exists(path):
        time.sleep(0.02)
    s.settimeout(PATIENCE)
    try:
        s.sendall(b"1")
        print("works" if s.recv(1) == b"1" else "closed")
    except TimeoutError:
        print("silent")
    except OSError as e:
        print(os.strerror(e.errno))


{"dial": dial, "serve": serve, "open": opening, "hold": hold}[sys.argv[1]](*sys.argv[2:])
