/* SPDX-License-Identifier: MIT */
/* Trees, JSON, XML, regular expressions and six threads, for the neko machine. */
import haxe.Json;
import sys.thread.Deque;
import sys.thread.Thread;

class Tree {
    public var left:Tree;
    public var right:Tree;

    public function new(left:Tree, right:Tree) {
        this.left = left;
        this.right = right;
    }

    public static function grow(depth:Int):Tree {
        return depth == 0 ? new Tree(null, null) : new Tree(grow(depth - 1), grow(depth - 1));
    }

    public function count():Int {
        return left == null ? 1 : 1 + left.count() + right.count();
    }
}

typedef Entry = {number:Int, name:String, pair:Array<Int>};

class Programs {
    static inline var MODULUS = 1000007;

    static function fillTable(seed:Int):Int {
        var table = new Map<String, Entry>();
        var state = seed;
        for (i in 0...20000) {
            state = (state * 1103 + 12345) % 1000003;
            table.set("key" + (state % 7001), {number: state, name: "name" + i, pair: [i, state]});
        }
        var sum = 0;
        for (entry in table)
            sum = (sum + entry.number % 1000 + entry.name.length + entry.pair[1] % 1000) % MODULUS;
        return sum;
    }

    static function trees():Tree {
        var lasting = Tree.grow(15);
        var sum = 0;
        var depth = 4;
        while (depth <= 16) {
            for (i in 0...(1 << (19 - depth)))
                sum = (sum + Tree.grow(depth).count()) % MODULUS;
            depth += 2;
        }
        Sys.println(sum);
        return lasting;
    }

    static function json() {
        var items:Array<Dynamic> = [];
        for (i in 0...20000)
            items.push({
                id: i, name: "item " + i, tags: ["t" + (i % 7), "u"], at: {x: i * 0.5, y: null}
            });
        var text = Json.stringify(items);
        var back:Array<Dynamic> = Json.parse(text);
        Sys.println(text.length + " " + back.length + " " +
            haxe.crypto.Md5.encode(Json.stringify(back)));
    }

    static function xml() {
        var text = new StringBuf();
        text.add("<list>");
        for (i in 0...10000)
            text.add('<item id="$i"><name>n$i</name></item>');
        text.add("</list>");
        var document = Xml.parse(text.toString());
        var sum = 0;
        for (item in document.firstElement().elements())
            sum += Std.parseInt(item.get("id")) % 10;
        Sys.println(sum + " " + document.toString().length);
    }

    static function replace() {
        var words = [for (i in 0...20000) "k" + i + "x"].join(",");
        Sys.println(~/k([0-9]+)x/g.replace(words, "<$1>").length);
    }

    static function work(thread:Int):Int {
        var sum = 0;
        for (round in 0...4)
            sum = (sum + fillTable(thread * 10 + round) + Tree.grow(12).count()) % MODULUS;
        return sum;
    }

    static function threads() {
        var results = new Deque<String>();
        var count = 6;
        for (thread in 0...count)
            Thread.create(function() results.add(thread + ":" + work(thread)));
        var all = [for (thread in 0...count) results.pop(true)];
        all.sort(Reflect.compare);
        Sys.println(all.join(" "));
    }

    static function main() {
        var lasting = trees();
        json();
        xml();
        replace();
        threads();
        neko.vm.Gc.run(true);
        Sys.println(lasting.count());
    }
}
