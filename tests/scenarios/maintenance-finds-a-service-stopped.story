# Somebody stops a service by hand while its host is in maintenance: that is no failure, and it is started when the
# maintenance ends. The other one has gone on.
hosts A B
service web A B
service mail A B
boot all
settle
A$ maintenance-on A
dies web A
run 1m
expect web nowhere
view B
----
A comes up
B comes up
A sees B up
B sees A up
A starts web (placement)
A starts mail (placement)
A runs mail
A runs web
A alerts (info): this host is in maintenance; services left alone: 2
A answers: done, A is in maintenance; services left alone: 2
  B sees A=up/direct/maintenance B=up/self
  B sees web running on A: stays on A, which is in maintenance
  B sees mail running on A: stays on A, which is in maintenance

A$ maintenance-off A
settle
show
view B
expect web on A
expect mail on A
----
A alerts (info): the maintenance of this host is over
A answers: done, A is not in maintenance
A checks web: exit 3
A starts web (operator)
A runs web
  web: runs on A
  mail: runs on A
  B sees A=up/direct B=up/self
  B sees web running on A: A is the most preferred host that is up and able
  B sees mail running on A: A is the most preferred host that is up and able
