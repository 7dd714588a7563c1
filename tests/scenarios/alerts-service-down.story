# That a service runs nowhere is told when no host can run it, and when it runs again; not where operators stopped it.
hosts A B C
service web A B max_failures=1 failure_window=5m
tell-alerts
alerting all good
boot all
settle
scripts web all start=fails
dies web A
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
A checks web: exit 3
A alerts (critical): service web failed 1 checks here and has to move: status exited with 3
A stops web (health)
A tells people (service-failed of web, critical): A: service web failed 1 checks here and has to move: status exited with 3
A has stopped web
B starts web (health from A)
B: start of web ends with exit 1
B alerts (critical): service web failed to start here: start exited with 1
B stops web (health)
A tells people (service-failed of web, critical): B: service web failed to start here: start exited with 1
B has stopped web
A tells people (service-down of web, critical): service web runs nowhere: no host of its line is up and able

scripts web all start=good
C$ clear web
settle
run 5s
----
C answers: done, web does not run: no host of its line is up and able; A: failed here: status exited with 3; B: failed here: start exited with 1
A starts web (failback from B)
A runs web
A tells people (service-up of web, info): service web runs again

C$ stop web
run 30s
C$ start web
run 10s
----
A stops web (operator)
A has stopped web
C answers: done, web is stopped
A starts web (operator)
A runs web
C answers: done, web runs on A
