# A host that lost its state comes back with a new key on its old line: a new node, for whose line the other
# is given up.
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
settle
view A
view C
----
C loses power
B sees C down
A sees C down
A starts web (failover from C)
A runs web
C comes up
C sees B up
C sees A up
A sees C up
B sees C up
A stops web (failback to C)
A has stopped web
C starts web (failback from A)
C runs web
  A sees A=up/self B=up/direct C=up/direct
  A sees web running on C: C is the most preferred host that is up and able
  C sees A=up/direct B=up/direct C=up/self
  C sees web running on C: C is the most preferred host that is up and able
