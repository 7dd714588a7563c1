# A line inserted in the hosts file moves the numbers below it. A reload or a start in which a known name
# has another number is refused; commenting a line out keeps the numbers.
hosts A B C
service web B C
boot all
settle
expect web on B
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
B starts web (placement)
B runs web

hosts A - B C
reload A
settle
expect web on B
expect A sees B up
----

# The same at a start.
crash A
install A
boot A
run 3s
expect web on B
----
A loses power
C sees A down
B sees A down

hosts A B C
install A
boot A
restart A
settle
expect web on B
expect B sees A up
----
A comes up
B sees A up
C sees A up
A sees B up
A sees C up
