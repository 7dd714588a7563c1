# Where the leader's host is not on the follower's line, the follower runs nowhere.
hosts A B C
service db A B C
service web A C with=db
service mail B C after=web
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
A runs web
B starts mail (placement)
B runs mail

crash A
settle
expect db on B
expect web nowhere
view C
simulate C B
----
A loses power
C sees A down
B sees A down
B starts db (failover from A)
B runs db
B alerts (warning): service db runs here now instead of on A, which is down
  C sees A=down B=up/direct C=up/self
  C sees db running on B: B is the most preferred host that is up and able
  C sees web stopped: it runs only where db does, on B, which is not on its line
  C sees mail running on B: B is the most preferred host that is up and able
  db: moves from B to C (C is the most preferred host that is up and able)
  web: moves from nowhere to C (C is where db belongs, with which it runs)
  mail: moves from B to C (C is the most preferred host that is up and able)

crash B
settle
expect db on C
expect web on C
expect mail on C
----
B loses power
C sees B down
C starts db (failover from B)
C runs db
C alerts (warning): service db runs here now instead of on B, which is down
C starts web (failover from A)
C runs web
C alerts (warning): service web runs here now instead of on A, which is down
C starts mail (failover from B)
C runs mail
C alerts (warning): service mail runs here now instead of on B, which is down
