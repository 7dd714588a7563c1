# One of the routers uses another port for each whom its laptop dials: nobody gets in. After three tries the pair stays
# joined through S, and replaces its secret there.
hosts S L^ P~
service web L P S
boot all
settle
run 2m
expect L reaches P relay S
expect P reaches L relay S
expect L knows P by secret
expect keys
expect web on L
expect one copy of web
----
S comes up
L comes up
P comes up
L sees S up
S sees L up
S sees P up
P sees S up
P sees L up
L sees P up
L starts web (placement)
L runs web
