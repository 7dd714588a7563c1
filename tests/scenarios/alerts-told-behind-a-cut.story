# C, whose clock is late, is cut off and tells that A is down; the others have told since that A went and came, by later
# stamps. When all meet, nobody tells again what C has told, and people hear that A is there.
hosts A B C
tell-alerts
alerting all good
clock C -20s
boot all
settle
part A
run 10s
heal
settle
run 5s
----

part C
run 10s
part A
run 8s
heal A B
run 5s
----

heal
settle
run 10s
----
