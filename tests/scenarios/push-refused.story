# What is valid on the host that pushes is not on another: its own settings do not go with it. Nothing is changed anywhere,
# and the answer names host, file and line.
hosts A B C
service web A B C
boot all
overlay C cluster.conf:7: dead_time is 1s and beat_interval 2s; expected a dead_time greater than beat_interval
settle
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
A$ push
settle
expect web on A
view B
----
A answers: refused, C refuses, and nothing is changed anywhere:
  C: cluster.conf:7: dead_time is 1s and beat_interval 2s; expected a dead_time greater than beat_interval
  B sees A=up/direct B=up/self C=up/direct
  B sees web running on A: A is the most preferred host that is up and able

# What is wrong is made good there, and pushed again.
overlay C none
A$ push
settle
expect web on B
----
A stops web (failback to B)
A has stopped web
B starts web (failback from A)
A answers: done, configuration 2 is in force
  A: applied
  B: applied
  C: applied
B runs web
