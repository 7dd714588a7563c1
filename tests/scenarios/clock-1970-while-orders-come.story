# C's clock is at 1970 while orders are given elsewhere. They hold, nobody is flooded, and when C's clock is
# right again all hosts agree.
hosts A B C
service web A B C
boot all
settle
A$ move web C
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
A starts web (placement)
A runs web
A stops web (move to C)
A has stopped web
C starts web (move from A)
C runs web
A answers: done, web runs on C

crash C
clock C 1970
boot C
settle
B$ clear web
A$ disable web
settle
A$ enable web
settle
view A C
----
C loses power
C comes up
C sees B up
C sees A up
C checks web: exit 3
C starts web (placement)
C runs web
C stops web (failback to A)
C has stopped web
A starts web (failback from C)
A runs web
B answers: done, web runs on A
A stops web (operator)
A has stopped web
A answers: done, web is stopped
A starts web (operator)
A runs web
A answers: done, web runs on A
  A sees A=up/self B=up/direct C=up/direct
  A sees web running on A: A is the most preferred host that is up and able
  C sees A=up/direct B=up/direct C=up/self
  C sees web running on A: A is the most preferred host that is up and able

clock C right
run 30s
settle
view A C
expect web on A
----
  A sees A=up/self B=up/direct C=up/direct
  A sees web running on A: A is the most preferred host that is up and able
  C sees A=up/direct B=up/direct C=up/self
  C sees web running on A: A is the most preferred host that is up and able
