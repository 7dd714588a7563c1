# Every host sees what happens; people are told of it once, by the host of lowest ID that has a way to. Who takes a
# service over says so, and what a host has to say of itself goes to the host that tells.
hosts A B C
service web A B failure_window=5m
tell-alerts
alerting B good
alerting C good
boot all
settle
crash A
within 7s web on B
run 10s
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
A loses power
C sees A down
B sees A down
B tells people (host-down of A, critical): host A is down: it cannot be reached
B starts web (failover from A)
B runs web
B alerts (warning): service web runs here now instead of on A, which is down
B tells people (failover of web, warning): B: service web runs here now instead of on A, which is down

boot A
settle
----
A comes up
A checks web: exit 3
C sees A up
B sees A up
B tells people (host-up of A, info): host A is up again
A sees B up
A sees C up
B stops web (failback to A)
B has stopped web
A starts web (failback from B)
A runs web

# What hosts say of their own accord is told as well, once, whoever tells.
scripts web A stop=fails
C$ move web B &
run 30s
----
A stops web (move to B)
A: stop of web ends with exit 1
A alerts (critical): service web could not be stopped here: stop failed, and then status exited with 0
B tells people (stop-failed of web, critical): A: service web could not be stopped here: stop failed, and then status exited with 0
B starts web (move from A)
B runs web
C answers: done, web runs on B
