# A start that fails falls through to the next host; "clear" lets the first try again.
hosts A B C
service web A B C failure_window=10m
scripts web A start=fails
scripts web B start=hangs
boot all
settle
expect web on C
expect one copy of web
explain web C
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
A: start of web ends with exit 1
A alerts (critical): service web failed to start here: start exited with 1
A stops web (health)
A has stopped web
B starts web (health from A)
B: start of web ends with signal 9
B alerts (critical): service web failed to start here: start was killed after 10 s
B stops web (health)
B has stopped web
C starts web (health from B)
C runs web
C alerts (warning): service web runs here now instead of on B, which failed to run it
  web is running on C, epoch 3
  it belongs on C: C is the most preferred host that is up and able
    1 A: failed here: start exited with 1
    2 B: failed here: start was killed after 10 s
    3 C: holds it

# B's start hung and was killed; its stop ran all the same.
scripts web A start=good
C$ clear web
settle
expect web on A
----
C answers: done, web runs on C
C stops web (failback to A)
C has stopped web
A starts web (failback from C)
A runs web
