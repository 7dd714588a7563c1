# A host that comes up without any network does not take that for the loss of all others.
probe
hosts A B C
service web A B C
boot B C
settle
expect web on B
silence A
boot A
run 30s
expect web on B
expect one copy of web
unsilence A
settle
expect web on A
expect one copy of web
----
B comes up
C comes up
B sees C up
C sees B up
B starts web (placement)
B runs web
A comes up
A alerts (critical): this host is offline: for 5 s it has heard neither another host nor any of what `probe` names; it stops what another host can run
A alerts (info): this host is no longer taken for offline: another host is heard
A sees B up
A sees C up
C sees A up
B sees A up
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
