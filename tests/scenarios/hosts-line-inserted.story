# A line inserted in the hosts file moves the numbers below it. A reload or a start in which a known name
# has another number is refused; commenting a line out keeps the numbers.
hosts A B C
service web B C
boot all
settle
expect web on B
----

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

hosts A B C
install A
boot A
restart A
settle
expect web on B
expect B sees A up
----
