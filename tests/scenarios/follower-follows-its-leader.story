# A service with another runs where that does, whatever its own preference says.
hosts A B C
service db A B C
service web C B A with=db
boot all
settle
expect db on A
expect web on A
explain web C
simulate C A
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
A starts db (placement)
A runs db
A starts web (placement)
A runs web
  web is running on A, epoch 1
  it belongs on A: A is where db belongs, with which it runs
  it runs only on the host of db, after that
    3 C: runs only with db, which belongs on A
    2 B: runs only with db, which belongs on A
    1 A: holds it
  db: moves from A to B (B is the most preferred host that is up and able)
  web: moves from A to B (B is where db belongs, with which it runs)

# The leader fails over and the follower follows.
crash A
settle
expect db on B
expect web on B
----
A loses power
B sees A down
C sees A down
B starts db (failover from A)
B runs db
B alerts (warning): service db runs here now instead of on A, which is down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down

# The leader goes back: the follower stops first, and starts last.
boot A
settle
expect db on A
expect web on A
----
A comes up
A sees B up
A sees C up
C sees A up
B sees A up
B stops web (failback to A)
A checks web: exit 3
A checks db: exit 3
B has stopped web
B stops db (failback to A)
B has stopped db
A starts db (failback from B)
A runs db
A starts web (failback from B)
A runs web

A$ move db C
settle
expect db on C
expect web on C
----
A stops web (move to C)
A has stopped web
A stops db (move to C)
A has stopped db
C starts db (move from A)
C runs db
A answers: done, db runs on C
C starts web (move from A)
C runs web

# It cannot be moved alone, and not be where its leader is not.
A$ move web B
C$ stop db
settle
expect db nowhere
expect web nowhere
explain web B
C$ start db
settle
expect web on C
----
A answers: refused, B runs only with db, which belongs on C
C stops web (operator)
C has stopped web
C stops db (operator)
C has stopped db
C answers: done, db is stopped
  web is stopped, epoch 4
  it belongs nowhere: it runs only with db, which is to run nowhere: stopped by the operator until "start"
  it runs only on the host of db, after that
    3 C: runs only with db, which is to run nowhere: stopped by the operator until "start"
    2 B: runs only with db, which is to run nowhere: stopped by the operator until "start"
    1 A: runs only with db, which is to run nowhere: stopped by the operator until "start"
C starts db (operator)
C runs db
C answers: done, db runs on C
C starts web (operator)
C runs web

# A follower that fails does nothing to its leader, and says why it runs nowhere.
scripts web C start=fails
A$ restart web
settle
expect db on C
expect web nowhere
explain web A
----
C stops web (operator)
C has stopped web
C starts web (operator)
C: start of web ends with exit 1
C alerts (critical): service web failed to start here: start exited with 1
C stops web (health)
C has stopped web
A answers: refused, web does not run: it runs only where db does, on C, and that host cannot run it: failed here: start exited with 1; C: failed here: start exited with 1; B: runs only with db, which belongs on C; A: runs only with db, which belongs on C
  web is failed, epoch 5
  it belongs nowhere: it runs only where db does, on C, and that host cannot run it: failed here: start exited with 1; C: failed here: start exited with 1; B: runs only with db, which belongs on C; A: runs only with db, which belongs on C; "clear" tries at once
  it runs only on the host of db, after that
    3 C: failed here: start exited with 1
    2 B: runs only with db, which belongs on C
    1 A: runs only with db, which belongs on C

scripts web C start=good
A$ clear web
A$ clear db
settle
expect db on A
expect web on A
----
A answers: done, web does not run: it runs only where db does, on C, and that host cannot run it: failed here: start exited with 1; C: failed here: start exited with 1; B: runs only with db, which belongs on C; A: runs only with db, which belongs on C
C starts web (operator)
C runs web
C stops web (failback to A)
C has stopped web
C stops db (failback to A)
C has stopped db
A starts db (failback from C)
A runs db
A answers: done, db runs on A
A starts web (failback from C)
A runs web
