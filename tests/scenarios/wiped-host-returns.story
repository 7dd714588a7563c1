# A host that lost its state comes back with a new key on its old line. It is refused, until an operator lets
# it in on one of the others; the rest follow that one.
hosts A B C
service web C A B
boot all
settle
expect web on C
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
C starts web (placement)
C runs web

crash C
wipe C
run 10s
boot C
run 3s
expect A sees C down
expect A unlinked C
----
C loses power
A sees C down
B sees C down
A starts web (failover from C)
A runs web
A alerts (warning): service web runs here now instead of on C, which is down
C comes up
C alerts (critical): host A knows this host by another key; to be let in: clusterctl readmit C on another host
B alerts (critical): a host at 10.0.0.3:35790 says that it is C, with the key be21d0f7 instead of 6a661fea; it is refused. If C lost its state: clusterctl readmit C
A alerts (critical): a host at 10.0.0.3:35790 says that it is C, with the key be21d0f7 instead of 6a661fea; it is refused. If C lost its state: clusterctl readmit C

A$ readmit C
run 10s
expect A linked C
expect B linked C
expect A knows C by secret
expect B knows C by secret
expect web on C
expect keys
----
A answers: done, the next new key of C is let in, for 10 minutes
A alerts (warning): host C is let in again, with the key be21d0f7
C sees B up
C sees A up
A sees C up
A stops web (failback to C)
B sees C up
A has stopped web
C starts web (failback from A)
C runs web
