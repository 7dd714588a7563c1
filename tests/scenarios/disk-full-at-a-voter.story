# A dies, and of the two voters that are left B can store no vote: db has to wait, and nobody claims it again and again.
# What B had voted on before it prolongs: that takes no disk.
hosts A B C
service db A C B ownership=majority margin=1s
service old C B ownership=majority margin=1s
boot all
settle
expect db on A
expect old on C
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
C starts old (placement)
A starts db (placement)
A runs db
C runs old

disk B fails
crash A
run 30s
expect db nowhere
expect old on C
explain db C
----
A loses power
C sees A down
B sees A down
B alerts (critical): this host votes on no claim: what it grants cannot be stored: no space left on device
  db is stopped, epoch 2
  it belongs on C: C is the most preferred host that is up and able, but no majority of the voters is reached: 1 of 3, and 2 are needed
  it is owned by majority: another host starts it at the earliest 6 s after its host was heard last (dead_time 5 s, fence_margin 1 s)
  those that vote on it are A, B and C (set 1)
    1 A: is down
    3 C: is able
    2 B: can store nothing: no space left on device

disk B good
within 60s db on C
----
B alerts (info): the state of this host can be stored again
C starts db (failover from A)
