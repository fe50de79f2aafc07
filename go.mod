module nixie

go 1.26
