# The files of one host are pushed: every host looks at them, then all have them, and one reports on each.
hosts A B C
service web A B C
boot all
settle
expect web on A
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

service web B A C
service mail C B
A$ push
settle
expect web on B
expect mail on C
----
A stops web (failback to B)
C starts mail (placement)
A answers: done, configuration 1 is in force
  A: applied
  B: applied
  C: applied
A has stopped web
B starts web (failback from A)
B runs web
C runs mail
