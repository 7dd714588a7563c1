# L lost its state and reaches S alone, where an operator lets it in. P, which cannot be reached then, hears of it
# from S later, and takes the passphrases from that key once.
hosts S L* P*
boot all
settle
crash L
wipe L
cut P S
cut P L
boot L
run 2s
S$ readmit L
run 5s
expect S linked L
expect S knows L by secret
----
S comes up
L comes up
P comes up
P sees S up
L sees S up
S sees L up
S sees P up
P sees L up
L sees P up
L loses power
L comes up
L alerts (critical): host S knows this host by another key; to be let in: clusterctl readmit L on another host
S alerts (critical): a host at 10.0.1.2:35790 says that it is L, with the key beba94da instead of 2fc2fa16; it is refused. If L lost its state: clusterctl readmit L
S answers: done, the next new key of L is let in, for 10 minutes
S alerts (warning): host L is let in again, with the key beba94da
L sees P up
L sees S up
S sees P down
P sees L down
P sees S down

heal P S
heal P L
run 15s
expect P sees L up
expect P linked L
expect P knows L by secret
expect keys
----
S sees P up
P sees S up
P sees L up
