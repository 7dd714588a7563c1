# A and B are near C and far from each other, so that what C tells B of A's claim arrives before the claim
# itself. That must not make B refuse it as old.
hosts A B C
service web A B C
latency A B 300ms
latency A C 1ms
latency B C 1ms
boot all
settle
expect web on A
explain web A
----
A comes up
B comes up
C comes up
A sees C up
C sees A up
C sees B up
B sees A up
B sees C up
A sees B up
A starts web (placement)
A runs web
  web is running on A, epoch 2
  it belongs on A: A is the most preferred host that is up and able
    1 A: holds it
    2 B: is able
    3 C: is able

crash A
settle
boot A
settle
expect web on A
expect one copy of web
explain web A
----
A loses power
B sees A down
C sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A comes up
A checks web: exit 3
C sees A up
A sees B up
A sees C up
B sees A up
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web
  web is running on A, epoch 4
  it belongs on A: A is the most preferred host that is up and able
    1 A: holds it
    2 B: is able
    3 C: is able
