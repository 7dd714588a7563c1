# The word of an operator lets in one key: the next one that says it is that host is refused again.
hosts A B C
boot all
settle
crash C
wipe C
boot C
run 2s
A$ readmit C
run 5s
expect A linked C
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
C loses power
C comes up
C alerts (critical): host B knows this host by another key; to be let in: clusterctl readmit C on another host
B alerts (critical): a host at 10.0.0.3:35790 says that it is C, with the key be21d0f7 instead of 6a661fea; it is refused. If C lost its state: clusterctl readmit C
A alerts (critical): a host at 10.0.0.3:35790 says that it is C, with the key be21d0f7 instead of 6a661fea; it is refused. If C lost its state: clusterctl readmit C
A answers: done, the next new key of C is let in, for 10 minutes
A alerts (warning): host C is let in again, with the key be21d0f7
C sees B up
C sees A up

crash C
wipe C
boot C
run 5s
expect A unlinked C
expect B unlinked C
----
C loses power
C comes up
C alerts (critical): host A knows this host by another key; to be let in: clusterctl readmit C on another host
A alerts (critical): a host at 10.0.0.3:35790 says that it is C, with the key 349fef62 instead of be21d0f7; it is refused. If C lost its state: clusterctl readmit C
B alerts (critical): a host at 10.0.0.3:35790 says that it is C, with the key 349fef62 instead of be21d0f7; it is refused. If C lost its state: clusterctl readmit C
B sees C down
A sees C down
