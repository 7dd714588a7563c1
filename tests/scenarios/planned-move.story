# A planned move: the old host stops first, then the new one starts; it stays there until "clear".
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

watch-gap web
A$ move web C
settle
expect web on C
expect one copy of web
expect gap of web below 3s
explain web B
----
A stops web (move to C)
A has stopped web
C starts web (move from A)
C runs web
A answers: done, web runs on C
  web is running on C, epoch 2
  it belongs on C: moved to C by the operator until "clear"
    1 A: is able
    2 B: is able
    3 C: holds it

# Until that host fails.
crash C
settle
expect web on A
----
C loses power
A sees C down
B sees C down
A starts web (failover from C)
A runs web
A alerts (warning): service web runs here now instead of on C, which is down

# The move has ended with it.
boot C
settle
expect web on A
----
C comes up
C sees B up
C sees A up
B sees C up
A sees C up
C checks web: exit 3

B$ move web B
settle
expect web on B
----
A stops web (move to B)
A has stopped web
B starts web (move from A)
B runs web
B answers: done, web runs on B

A$ clear web
settle
expect web on A
expect one copy of web
----
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
A answers: done, web runs on A
