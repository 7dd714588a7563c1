# The host that joins the pair dies: the other one that both reach takes its place, and nobody goes down.
hosts S T L^ P^
service web L P
boot all
settle
watch-gap web
expect L reaches P relay S
expect P reaches L relay S
crash S
within 7s L reaches P relay T
within 2s P reaches L relay T
expect L sees P up
expect web on L
expect gap of web below 0ms
----
S comes up
T comes up
L comes up
P comes up
L sees T up
S sees T up
L sees S up
S sees P up
T sees S up
T sees L up
S sees L up
T sees P up
P sees S up
P sees L up
P sees T up
L sees P up
L starts web (placement)
L runs web
S loses power
L sees S down
T sees S down
P sees S down
