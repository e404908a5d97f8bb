import QtQuick
import QtTest
import Quern.App

WindowCase {
    name: "Chat"

    function test_writeSendAndRead() {
        verify(find("messageInput").activeFocus);
        type("Hello");
        keyClick(Qt.Key_Return, Qt.ShiftModifier);
        type("there");
        keyClick(Qt.Key_Return);
        compare(find("messageInput").text, "");
        idle();
        compare(bench.messageCount(), 2);
        compare(bench.messageText(0), "Hello\nthere");
        compare(bench.messageText(1), bench.backend.answer);
        verify(find("context").visible);
        tryVerify(() => find("messageList").count === 3);
    }

    function test_sendByMouse() {
        type("Hi");
        mouseClick(find("sendButton"));
        idle();
        compare(bench.messageCount(), 2);
    }

    function test_nothingToSend() {
        verify(!find("sendButton").enabled);
        keyClick(Qt.Key_Return);
        type("  ");
        keyClick(Qt.Key_Return);
        compare(bench.messageCount(), 0);
    }

    function test_stopByKey() {
        bench.backend.answer = "x".repeat(100000);
        type("Go");
        keyClick(Qt.Key_Return);
        tryCompare(bench.session.run, "state", AnswerRun.Generating);
        compare(find("sendButton").text, "Stop");
        verify(find("speed").text.includes("tokens/s"));
        keyClick(Qt.Key_Escape);
        idle();
        compare(bench.messageState(1), MessageState.Cancelled);
        tryVerify(() => find("answerState").visible);
        compare(find("answerState").text, "Stopped.");
        compare(find("sendButton").text, "Send");
    }

    function test_continueByKey() {
        bench.backend.answer = "one ";
        ask("Count");
        keyClick(Qt.Key_Return, Qt.AltModifier);
        idle();
        compare(bench.messageText(1), "one one ");
    }

    function test_regenerateByKeyAndUndo() {
        ask("One");
        bench.backend.answer = "Another.";
        keyClick(Qt.Key_R, Qt.ControlModifier);
        idle();
        compare(bench.messageCount(), 2);
        compare(bench.messageText(1), "Another.");
        tryVerify(() => find("undo").visible);
        mouseClick(find("undo"));
        verify(bench.messageText(1).startsWith("A quern"));
    }

    function test_editTheLastMessage() {
        ask("One");
        keyClick(Qt.Key_Up);
        compare(find("messageInput").text, "One");
        verify(find("cancelEdit").visible);
        keyClick(Qt.Key_Escape);
        compare(find("messageInput").text, "");
        keyClick(Qt.Key_Up);
        type(" more");
        keyClick(Qt.Key_Return);
        idle();
        compare(bench.messageCount(), 2);
        compare(bench.messageText(0), "One more");
    }

    function test_editByMouse() {
        ask("One");
        ask("Two");
        mouseClick(find("editMessage"));
        compare(find("messageInput").text, "One");
        verify(find("messageInput").activeFocus);
    }

    function test_copyMessageAndCode() {
        bench.backend.answer = "Code:\n\n```py\nprint(1)\n```\n";
        ask("One");
        keyClick(Qt.Key_C, Qt.ControlModifier | Qt.ShiftModifier);
        compare(bench.clipboard(), bench.backend.answer);
        mouseClick(find("copyCode"));
        compare(bench.clipboard(), "print(1)");
        compare(find("copyCode").text, "Copied");
        mouseClick(find("copyMessage"));
        compare(bench.clipboard(), "One");
    }

    function test_aFailureOffersRetry() {
        bench.backend.failure = "[eval] out of memory";
        ask("One");
        const notice = find("answerError");
        tryVerify(() => notice.visible);
        compare(notice.text, "[eval] out of memory");
        bench.backend.failure = "";
        notice.action();
        idle();
        compare(bench.messageState(1), MessageState.Done);
    }

    function test_theListStaysAtItsEndUnlessTheReaderLeft() {
        bench.backend.answer = Array.from({ length: 80 }, (_, i) => "Line " + i).join("\n\n");
        const list = find("messageList");
        ask("Go");
        tryVerify(() => list.atYEnd);
        bench.session.continueAnswer();
        tryCompare(bench.session.run, "state", AnswerRun.Generating);
        list.forceActiveFocus();
        keyClick(Qt.Key_Home);
        verify(!list.atEnd);
        tryVerify(() => find("toEnd").visible);
        const place = list.contentY;
        idle();
        wait(50);
        verify(list.contentY < place + 5);
        mouseClick(find("toEnd"));
        tryVerify(() => list.atYEnd);
    }

    function test_reasoningFolds() {
        bench.backend.answer = "<think>\nHm, hm.\n</think>\n\nYes.";
        ask("Is it?");
        const fold = find("foldReasoning");
        compare(fold.text, "Thought about it");
        const before = find("messageList").contentHeight;
        fold.forceActiveFocus();
        keyClick(Qt.Key_Space);
        tryVerify(() => find("messageList").contentHeight > before);
    }

    function test_examplesFillTheInput() {
        const example = find("example0");
        example.forceActiveFocus();
        keyClick(Qt.Key_Space);
        verify(find("messageInput").text.length > 10);
        verify(find("messageInput").activeFocus);
    }

    function test_aModelThatFailsSaysSo() {
        bench.backend.loadFailure = "[LanguageModel] /x: there is no config.json";
        bench.session.model.load("/x");
        tryVerify(() => find("modelError").visible);
        compare(find("modelError").text, "[LanguageModel] /x: there is no config.json");
        verify(!find("sendButton").enabled);
        bench.backend.loadFailure = "";
    }

    function test_tabReachesEveryControl() {
        ask("One");
        const seen = new Set();
        for (let i = 0; i < 60; ++i) {
            keyClick(Qt.Key_Tab);
            const item = window.activeFocusItem;
            verify(item.visible);
            for (let part = item; part; part = part.parent)
                seen.add(part.objectName);
        }
        for (const name of ["newChat", "chatFilter", "chatList", "modelButton", "settingsButton", "messageList",
                            "editMessage", "copyMessage", "copyAnswer", "regenerateAnswer", "messageInput"])
            verify(seen.has(name), name);
    }
}
