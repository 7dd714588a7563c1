# A host with another passphrase stays out, until its file is right.
hosts A B C*
service web C A
install all
passphrase C wrong
boot all
run 30s
expect A sees C down
expect B sees C down
view A
----
A comes up
B comes up
C comes up
A sees B up
B sees A up
C starts web (placement)
A starts web (placement)
A runs web
C runs web
  A sees A=up/self B=up/direct C=down
  A sees web running on A: A is the most preferred host that is up and able

crash C
passphrase C right
boot C
settle
expect A sees C up
expect web on C
----
C loses power
C comes up
C sees B up
C sees A up
A sees C up
B sees C up
A stops web (failback to C)
C checks web: exit 3
A has stopped web
C starts web (failback from A)
C runs web
