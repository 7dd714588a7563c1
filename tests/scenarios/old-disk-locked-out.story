# C comes back with a disk from before several rotations: none of the secrets on it opens anything any more, and the
# passphrases do not either. It forgets them, and is let in again by an operator.
rekey 2s
hosts A B C
boot all
settle
backup C
run 30s
crash C
restore C
boot C
run 6s
expect A unlinked C
expect B unlinked C
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
A sees C down
B sees C down

C$ readmit-self
A$ readmit C
run 12s
expect A linked C
expect B linked C
expect A knows C by secret
expect B knows C by secret
expect keys
----
C answers: done, this host has forgotten its secrets; let it in again on another host: clusterctl readmit C
A answers: done, the next new key of C is let in, for 10 minutes
A alerts (warning): host C is let in again, with the key 6a661fea
C sees B up
C sees A up
A sees C up
B sees C up
