# The host whose turn it is goes away before it has told: the next one does. One whose mail fails leaves it to others.
hosts A B C D
tell-alerts
alerting all good
alerting A hangs
boot all
settle
crash D
run 10s
crash A
run 10s
----
A comes up
B comes up
C comes up
D comes up
A sees C up
A sees B up
B sees C up
A sees D up
C sees A up
B sees A up
C sees B up
D sees C up
D sees B up
D sees A up
C sees D up
B sees D up
D loses power
A sees D down
A tells people (host-down of D, critical): host D is down: it cannot be reached
B sees D down
C sees D down
A loses power
C sees A down
B sees A down
B tells people (host-down of A, critical): host A is down: it cannot be reached
B tells people (host-down of D, critical): host D is down: it cannot be reached

boot D
settle
run 5s
alerting A fails
boot A
settle
crash D
run 10s
----
D comes up
D sees B up
D sees C up
B sees D up
B tells people (host-up of D, info): host D is up again
C sees D up
A comes up
A sees B up
A sees C up
A sees D up
C sees A up
B sees A up
B tells people (host-up of A, info): host A is up again
D sees A up
D loses power
C sees D down
A sees D down
A tells people (host-down of D, critical): host D is down: it cannot be reached
B sees D down
A could not tell people: mail: exit 75
A alerts (warning): this host cannot send alerts: mail: exit 75
B tells people (host-down of D, critical): host D is down: it cannot be reached
B tells people (alerts of A, warning): A: this host cannot send alerts: mail: exit 75

# Nobody can: they try again, each in its turn, until it works.
alerting B fails
alerting C fails
boot D
settle
run 3m
alerting all good
run 5m
----
D comes up
A sees D up
C sees D up
B sees D up
B tells people (host-up of D, info): host D is up again
D sees B up
D sees A up
D sees C up
B could not tell people: mail: exit 75
B alerts (warning): this host cannot send alerts: mail: exit 75
C tells people (host-up of D, info): host D is up again
C tells people (alerts of B, warning): B: this host cannot send alerts: mail: exit 75
C could not tell people: mail: exit 75
C alerts (warning): this host cannot send alerts: mail: exit 75
C could not tell people: mail: exit 75
D tells people (alerts of C, warning): C: this host cannot send alerts: mail: exit 75
D tells people (alerts of B, warning): B: this host cannot send alerts: mail: exit 75
A tells people (host-up of D, info): host D is up again
A could not tell people: mail: exit 75
B tells people (host-up of D, info): host D is up again
B could not tell people: mail: exit 75
C tells people (host-up of D, info): host D is up again
C could not tell people: mail: exit 75
A tells people (host-up of D, info): host D is up again
A could not tell people: mail: exit 75
B tells people (host-up of D, info): host D is up again
B could not tell people: mail: exit 75
C tells people (host-up of D, info): host D is up again
