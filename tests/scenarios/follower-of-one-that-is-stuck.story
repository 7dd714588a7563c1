# B has taken over from A, where db could not be stopped. Then the daemon of B dies whole, and db with it, but not web.
# The voters give db to nobody until an operator has seen to A, so web, which runs only with it, is stopped.
hosts A B C
service db A B ownership=majority margin=2s status=no
service web A B with=db
boot all
settle
scripts db A stop=hangs
silence A
run 40s
unsilence A
settle
expect db on B
expect web on B
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
A alerts (critical): service db is stopped here: no majority of the voters has answered for the dead time
A stops db (lost-ownership)
B sees A down
C sees A down
A sees B down
A sees C down
A alerts (critical): service db is killed here: its lease ends before it has stopped
A: stop of db ends with signal 9
A stops db (lost-ownership)
B starts db (failover from A)
B runs db
B alerts (warning): service db runs here now instead of on A, which is down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
A: stop of db ends with signal 9
A alerts (critical): service db could not be stopped here: stop was killed after 10 s
A stops web (operator)
A has stopped web
A sees B up
A sees C up
B sees A up
C sees A up

kill-both B
dies db B
restart B
run 30s
expect web nowhere
explain web B
----
B's engine dies
B comes up
B stops db (placement)
B sees A up
B sees C up
B has stopped db
B stops web (operator)
B has stopped web
  web is stopped, epoch 2
  it belongs nowhere: it runs only with db, which is to run nowhere: it could not be stopped on A
  it runs only on the host of db, after that
    1 A: runs only with db, which is to run nowhere: it could not be stopped on A
    2 B: runs only with db, which is to run nowhere: it could not be stopped on A

scripts db A stop=good
A$ clear db
settle
show
----
A stops db (operator)
A has stopped db
A starts db (operator)
A runs db
A answers: done, db runs on A
A starts web (failback from B)
A runs web
  db: runs on A
  web: runs on A
