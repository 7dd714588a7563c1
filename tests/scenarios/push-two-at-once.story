# Two are at it: the second is refused, and told with whom.
hosts A B C
service web A B C
boot all
settle
latency A C 400ms
latency B C 400ms
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
A$ push &
run 200ms
service web C A B
B$ push
settle
expect web on B
----
B answers: refused, a push of A is under way
A stops web (failback to B)
A has stopped web
A answers: done, configuration 1 is in force
  A: applied
  B: applied
  C: applied
B starts web (failback from A)
B runs web

# Two that begin without having heard of each other refuse each other: nothing is changed, and whoever tries again is alone.
service web C A B
A$ push &
run 50ms
service web A B C
C$ push
settle
expect web on B
C$ push
settle
expect web on A
----
A answers: refused, a push of C is under way, as C says
C answers: refused, a push of A is under way, as B says
B stops web (failback to A)
B has stopped web
C answers: done, configuration 3 is in force
  A: applied
  B: applied
  C: applied
A starts web (failback from B)
A runs web
