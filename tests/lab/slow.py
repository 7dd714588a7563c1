"""A switch that takes its time: hands each frame on so many milliseconds after it came.

usage: slow.py MILLISECONDS INTERFACE…

Stands in for a bridge where the kernel has no delaying queue. A frame goes to where its destination was last seen, or
everywhere. The interfaces' peers must neither leave checksums to hardware nor send more than a frame at a time.
"""
import heapq
import select
import socket
import sys
import time

ETH_P_ALL, PACKET_OUTGOING = 0x0003, 4
LONGEST_FRAME = 65536
QUEUE = 4 << 20  # bytes


def main():
    delay = float(sys.argv[1]) / 1000
    ports = []
    for name in sys.argv[2:]:
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.bind((name, ETH_P_ALL))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE)
        s.setblocking(False)
        ports.append(s)
    seen, waiting, count = {}, [], 0
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for s in select.select(ports, [], [], timeout)[0]:
            try:
                while True:
                    frame, where = s.recvfrom(LONGEST_FRAME)
                    if where[2] == PACKET_OUTGOING:
                        continue
                    seen[frame[6:12]] = s
                    count += 1
                    heapq.heappush(waiting, (time.monotonic() + delay, count, s, frame))
            except OSError:
                pass  # nothing more, or its peer is down
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, came, frame = heapq.heappop(waiting)
            to = seen.get(frame[:6])
            for s in [to] if to else ports:
                if s is not came:
                    try:
                        s.send(frame)
                    except OSError:
                        pass


main()
