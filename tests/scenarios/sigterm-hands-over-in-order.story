# A host that is shut down hands over in order: what comes after others stops first there, and starts last elsewhere.
hosts A B
service db A B
service web B A with=db
service mail A B after=web
scripts db all start=1s stop=1s
scripts web all start=1s stop=1s
boot all
settle
expect db on A
expect web on A
expect mail on A
----
A comes up
B comes up
A sees B up
B sees A up
A starts db (placement)
A runs db
A starts web (placement)
A runs web
A starts mail (placement)
A runs mail

leave A
settle
expect db on B
expect web on B
expect mail on B
expect one copy of db
expect one copy of web
expect one copy of mail
----
A stops mail (shutdown to B)
A has stopped mail
A stops web (shutdown to B)
A has stopped web
A stops db (shutdown to B)
A has stopped db
A has left
B sees A down
B starts db (failover from A)
B runs db
B alerts (warning): service db runs here now instead of on A, which is down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
B starts mail (failover from A)
B runs mail
B alerts (warning): service mail runs here now instead of on A, which is down

restart A
settle
expect mail on A
leave all
run 30s
expect db nowhere
expect web nowhere
expect mail nowhere
----
A comes up
B sees A up
A sees B up
B stops mail (failback to A)
A checks db: exit 3
B has stopped mail
B stops web (failback to A)
B has stopped web
B stops db (failback to A)
B has stopped db
A starts db (failback from B)
A runs db
A starts web (failback from B)
A runs web
A starts mail (failback from B)
A runs mail
A stops mail (shutdown to B)
B has left
A sees B down
A has stopped mail
A stops web (shutdown)
A has stopped web
A stops db (shutdown)
A has stopped db
A has left
