# C alone has seen the service run, and C has no way to tell people but the bus. When it fails, those that could mail do not know
# that it is missed; once each of them has had its turn, the bus is told.
hosts A B C
service web C max_failures=1 failure_window=30m
tell-alerts
alerting C bus
part C
boot all
settle
expect web on C
scripts web C start=fails
dies web C
run 2500ms
heal
settle
----
A comes up
B comes up
C comes up
A sees B up
B sees A up
C starts web (placement)
C runs web
C checks web: exit 3
C alerts (critical): service web failed 1 checks here and has to move: status exited with 3
C stops web (health)
C tells people (service-failed of web, critical): C: service web failed 1 checks here and has to move: status exited with 3
C has stopped web
A sees C up
C sees B up
C sees A up
B sees C up

run 4m
view A
----
C tells people (service-down of web, critical): service web runs nowhere: no host of its line is up and able
  A sees A=up/self B=up/direct C=up/direct
  A sees web failed: no host of its line is up and able; C: failed here: status exited with 3; "clear" tries at once
