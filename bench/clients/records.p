# SPDX-License-Identifier: MIT
# Tables, hashes, strings and a class, for Parser 3.

@main[]
$words[^table::create{word	rank
^for[i](1;4000){w^eval(($i * 7919) % 10007)	$i}[^#0A]}]
words: ^words.count[]
^words.sort{^eval($words.rank % 977)}
first: $words.word
$index[^hash::create[]]
^words.menu{$index.[$words.word][$.rank($words.rank) $.text[<b>^words.word.upper[]</b>]]}
keys: ^index._count[]
$sum(0)
^for[round](1;1400){
    ^index.foreach[key;value]{^if($value.rank % $round == 0){^sum.inc($value.rank)}}
    ^if($round % 100 == 0){^memory:compact[]}
}
sum: $sum
$page[^index.foreach[key;value]{<li>^value.text.replace[^table::create{from	to
b>	em>}] $key ^value.rank.format[%05d]</li>}[^#0A]]
$plain[^page.match[<em>W1(\d+)][g]{}]
page: ^page.length[] characters, ^plain.length[] without
$found[^page.match[W(\d\d)1<][g]]
matches: ^found.count[]
tree: ^count[^grow(9)]

@grow[depth]
^if($depth > 0){
    $result[^hash::create[$.left[^grow($depth - 1)] $.right[^grow($depth - 1)]]]
}{
    $result[^hash::create[]]
}

@count[node][side]
$result(1)
^node.foreach[side;child]{^result.inc(^count[$child])}
