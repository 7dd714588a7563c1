# What is silenced is not told; what is still so at its end is. A host in maintenance is not missed.
hosts A B C
service web A B
tell-alerts
alerting all good
boot all
settle
B$ silence C 60
crash C
run 30s
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
B answers: done, alerts of C are silenced for 60 s
C loses power
B sees C down
A sees C down

run 40s
boot C
settle
B$ silence all 600
crash A
run 20s
B$ silence nobody 5
B$ silence 1 99999999
----
A tells people (host-down of C, critical): host C is down: it cannot be reached
C comes up
C sees B up
C sees A up
B sees C up
A sees C up
A tells people (host-up of C, info): host C is up again
B answers: done, alerts of all are silenced for 600 s
A loses power
B sees A down
C sees A down
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
B answers: refused, no host and no service is named nobody; expected one of them, the ID of a host, or all
B answers: refused, alerts are silenced for at most 2592000 s

C$ silence all 0
run 5s
boot A
settle
----
C answers: done, alerts of all are sent again
B tells people (host-down of A, critical): host A is down: it cannot be reached
A comes up
A sees B up
A sees C up
C sees A up
B sees A up
B tells people (host-up of A, info): host A is up again
B stops web (failback to A)
A checks web: exit 3
B has stopped web
A starts web (failback from B)
A runs web

A$ maintenance-on C
settle
leave C
run 20s
boot C
settle
----
C alerts (info): this host is in maintenance; services left alone: 0
A answers: done, C is in maintenance; services left alone: 0
C has left
B sees C down
A sees C down
