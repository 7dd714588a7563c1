# Somebody copies the machine of C, its line, key and state, and starts the copy D as well. Twice within a
# minute with the same key: an alert, and the double leaves.
hosts A B C
machine D
service web C A
boot A B C
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

clone C D
boot D
run 90s
view A B
----
D comes up
D sees B up
D sees A up
D checks web: exit 3
D starts web (placement)
C alerts (critical): another host runs with the key of this node (a copied state folder?); this one leaves
C stops web (shutdown to A)
C has stopped web
C has left
D runs web
  A sees A=up/self B=up/direct C=up/direct
  A sees web running on C: C is the most preferred host that is up and able
  B sees A=up/direct B=up/self C=up/direct
  B sees web running on C: C is the most preferred host that is up and able
