# With `probe`, a host that hears neither another host nor what it names knows that it is the one offline: it stops what
# the others start, and goes on with what nobody else can run. One whose probes are answered goes on.
probe
hosts A B C
service web A B C
service local A
boot all
settle
expect web on A
expect local on A
----
A comes up
B comes up
C comes up
A sees B up
A sees C up
C sees B up
B sees A up
C sees A up
B sees C up
A starts web (placement)
A starts local (placement)
A runs local
A runs web

silence A
run 4s
expect web on A
within 4s web on B
expect local on A
show
explain web A
----
B sees A down
A alerts (critical): this host is offline: for 5 s it has heard neither another host nor any of what `probe` names; it stops what another host can run
A stops web (lost-ownership to B)
C sees A down
B starts web (failover from A)
A has stopped web
  web: runs on B
  local: runs on A
  web is stopped, epoch 1
  it belongs on B: B is the most preferred host that is up and able
    1 A: is offline: neither another host nor any of what `probe` names has been heard
    2 B: is able
    3 C: is able

unsilence A
settle
expect web on A
expect local on A
----
A alerts (info): this host is no longer taken for offline: another host is heard
B sees A up
C sees A up
B runs web
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web

kill-both B
kill-both C
run 10s
expect web on A
expect local on A
----
B's engine dies
C's engine dies
A sees C down
A sees B down
