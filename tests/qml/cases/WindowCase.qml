import QtQuick
import QtTest
import Quern.App
import Quern.Test
import Quern.Ui

// A test of the whole window: init() opens a fresh one with a model loaded.
TestCase {
    id: testCase

    property Workbench bench
    property Main window

    Component { id: benchComponent; Workbench {} }
    Component { id: mainComponent; Main {} }

    when: windowShown

    function init() {
        failOnWarning(/.?/);
        bench = benchComponent.createObject(testCase);
        bench.backend.interval = 1;
        bench.backend.charactersPerStep = 8;
        window = mainComponent.createObject(null, {
            session: bench.session, recentModels: bench.recentModels, appearance: bench.appearance
        });
        window.requestActivate();
        tryCompare(window, "active", true);
        bench.session.model.load("/models/tiny");
        tryCompare(bench.session, "canSend", true);
    }

    function cleanup() {
        window.destroy();
        wait(0);
        bench.destroy();
        wait(0);
    }

    function find(name) {
        const found = findChild(window.contentItem, name);
        verify(found, name);
        return found;
    }

    function type(text) {
        for (const character of text)
            keyClick(character);
    }

    function idle() { tryVerify(() => !bench.session.run.isActive, 10000); }

    function ask(text) {
        bench.session.send(text);
        idle();
    }
}
