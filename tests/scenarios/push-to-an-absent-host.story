# A host that was away gets what was pushed when it returns.
hosts A B C
service web A B C
boot all
settle
crash C
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
C loses power
A sees C down
B sees C down

service web B A C
service mail C B
A$ push
settle
expect web on B
expect mail on B
----
B starts mail (placement)
A stops web (failback to B)
A answers: done, configuration 1 is in force
  A: applied
  B: applied
  C: away; it gets it when it returns
B runs mail
A has stopped web
B starts web (failback from A)
B runs web

boot C
settle
expect web on B
expect mail on C
----
C comes up
B sees C up
A sees C up
C sees B up
C sees A up
C alerts (warning): the services file of this host differs from the newer one that is in force
B stops mail (failback to C)
B has stopped mail
C starts mail (failback from B)
C runs mail

# What another must then refuse makes it a standby, with an alert, until it can be applied there.
crash C
settle
overlay C cluster.conf:7: dead_time is 1s and beat_interval 2s; expected a dead_time greater than beat_interval
service mail C A
A$ push
boot C
settle
expect mail on A
view C
A$ online C
----
C loses power
A sees C down
B sees C down
B starts mail (failover from C)
B runs mail
B alerts (warning): service mail runs here now instead of on C, which is down
B stops mail (failback to A)
A answers: done, configuration 2 is in force
  A: applied
  B: applied
  C: away; it gets it when it returns
B has stopped mail
A starts mail (failback from B)
C comes up
C sees B up
C sees A up
B sees C up
A sees C up
C alerts (warning): the services file of this host differs from the newer one that is in force
C checks mail: exit 3
C alerts (critical): configuration 2, pushed by A, cannot be applied here, so this host is on standby: cluster.conf:7: dead_time is 1s and beat_interval 2s; expected a dead_time greater than beat_interval
A runs mail
  C sees A=up/direct B=up/direct C=up/self/standby
  C sees web running on B: B is the most preferred host that is up and able
  C sees mail running on A: A is the most preferred host that is up and able
A answers: refused, C is on standby, as it cannot apply the configuration that was pushed: cluster.conf:7: dead_time is 1s and beat_interval 2s; expected a dead_time greater than beat_interval

overlay C none
reload C
settle
expect mail on C
----
A stops mail (failback to C)
A has stopped mail
C starts mail (failback from A)
C runs mail
