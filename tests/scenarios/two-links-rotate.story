# Both dial at once again and again while their secret is replaced: an offer on a link that is given up for another
# never takes the place of one that was accepted since.
rekey 1s
hosts A B
latency A B 80ms
boot all
run 3s
reset A B
run 400ms
reset A B
run 90ms
reset A B
run 170ms
black-hole A B
reset A B
run 330ms
half-open A B
run 20s
expect A linked B
expect A knows B by secret
expect keys
----
A comes up
B comes up
A sees B up
B sees A up
