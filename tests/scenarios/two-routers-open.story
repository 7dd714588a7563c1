# Two laptops behind different routers. S relays at once; then both dial at the same time, and each one's router takes
# the other's dial for an answer.
hosts S L~ P~
service web L P S
boot S P
settle
boot L
within 300ms L reaches P relay S
within 2s L reaches P direct
expect P reaches L direct
settle
expect web on L
expect one copy of web
----
S comes up
P comes up
P sees S up
S sees P up
P starts web (placement)
P runs web
L comes up
S sees L up
L sees P up
L sees S up
P sees L up
P stops web (failback to L)
P has stopped web
L starts web (failback from P)
L runs web
