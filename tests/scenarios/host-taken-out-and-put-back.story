# A host is taken out of the hosts file of another, where it is gone from then on, and put back: there it is up again, as
# the third has seen it all the while.
hosts A B C
service web A B C
boot all
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

hosts - B C
reload C
run 10s
expect C unlinked A
----
C sees A down

hosts A B C
reload C
run 20s
expect C linked A
expect C sees A up
view C
----
C sees A up
  C sees A=up/direct B=up/direct C=up/self
  C sees web running on A: A is the most preferred host that is up and able
