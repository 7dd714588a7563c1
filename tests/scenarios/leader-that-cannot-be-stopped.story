# The leader cannot be stopped where it was, so its voters give it to nobody else. Its follower does not run without it
# on the next host; what only comes after it does, as nobody knows for how long. Once it is cleared all follow.
hosts A B C
service db A B ownership=majority margin=2s
service web A B with=db
service mail B A after=db
boot all
settle
expect db on A
expect web on A
expect mail on B
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
B starts mail (placement)
A runs web
B runs mail

scripts db A stop=fails
A$ standby A &
run 30s
expect web nowhere
expect mail on B
explain web B
----
A stops web (operator to B)
A has stopped web
A stops db (operator to B)
A: stop of db ends with exit 1
A alerts (critical): service db could not be stopped here: stop failed, and then status exited with 0
A answers: done, A is on standby
  web is stopped, epoch 1
  it belongs nowhere: it runs only with db, which is to run nowhere: it could not be stopped on A
  it runs only on the host of db, after that
    1 A: is on standby
    2 B: runs only with db, which is to run nowhere: it could not be stopped on A

scripts db A stop=good
B$ clear db
settle
show
----
A stops db (operator)
A has stopped db
B starts db (operator from A)
B runs db
B answers: done, db runs on B
B starts web (operator from A)
B runs web
  db: runs on B
  web: runs on B
  mail: runs on B
