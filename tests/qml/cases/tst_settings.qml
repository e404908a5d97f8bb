import QtQuick
import QtTest

WindowCase {
    name: "Settings"

    function open() {
        keyClick(Qt.Key_Comma, Qt.ControlModifier);
        tryVerify(() => find("systemPrompt").activeFocus);
    }

    function test_systemPromptReachesTheModel() {
        open();
        type("Be brief.");
        keyClick(Qt.Key_Comma, Qt.ControlModifier);
        verify(find("messageInput").activeFocus);
        compare(bench.session.current.settings.systemPrompt, "Be brief.");
    }

    function test_numbersAreCheckedAndSetBack() {
        open();
        const field = find("temperature");
        field.forceActiveFocus();
        field.selectAll();
        type("9");
        keyClick(Qt.Key_Return);
        verify(field.wrong);
        compare(bench.setting(0), 0.7);
        field.selectAll();
        type("1.2");
        keyClick(Qt.Key_Return);
        verify(!field.wrong);
        compare(bench.setting(0), 1.2);
        mouseClick(find("resetAll"));
        compare(bench.setting(0), 0.7);
        compare(field.text, "0.7");
    }

    function test_eachChatHasItsOwn() {
        open();
        type("One");
        keyClick(Qt.Key_Escape);
        ask("First");
        keyClick(Qt.Key_N, Qt.ControlModifier);
        compare(bench.session.current.settings.systemPrompt, "");
        open();
        compare(find("systemPrompt").text, "");
    }

    function test_tabGoesThroughTheSheet() {
        open();
        const seen = new Set();
        for (let i = 0; i < 40; ++i) {
            keyClick(Qt.Key_Tab);
            seen.add(window.activeFocusItem.objectName);
        }
        for (const name of ["temperature", "top_p", "seed", "stopTexts"])
            verify(seen.has(name), name);
    }
}
