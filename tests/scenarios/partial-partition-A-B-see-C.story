# A and B cannot reach each other, and C sees both: nobody is down, nothing moves, and grants travel
# through C.
hosts A B C
service web A B C
service mail B A C
boot all
settle
expect web on A
expect mail on B
----

cut A B
run 20s
expect A sees B up
expect B sees A up
expect web on A
expect mail on B
view A
----

# A move across the cut goes through C.
watch-gap web
A$ move web B
settle
expect web on B
expect one copy of web
expect gap of web below 3s
----

# Now C dies too: A and B are alone.
crash C
settle
show
----

boot C
settle
show
----

# For A, B had failed meanwhile, which ended the move.
heal A B
settle
expect A linked B
expect web on A
expect mail on B
----
